"""Ways to isolate. Each tier takes a plan and hands out cells: sealed places that run one program after another."""
