"""The rules, one module a family. `fumehood.check.catalogue` is the one table of them; each rule's docstring is its
page."""
