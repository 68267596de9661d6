"""The rules, one module a family; each rule's docstring is its page. `fumehood.check.catalogue` is the one table."""
