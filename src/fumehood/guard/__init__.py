"""What keeps an agent honest: labels on data and programs, a gate before each call of a tool, a filter behind each run.

The idea: a program that was written before the model saw a single untrusted byte is the user's own doing, and what its
tools answer stays in the sandbox as data. Whoever writes text that the model reads later can still write programs, but
none whose calls change anything without a person's yes.

labels.py     where data came from, who may see it
returns.py    what a tool's author says of its results
schema.py     arguments held to the types of a function's signature
tool.py       `tool`: a function that sandboxed code may call
origins.py    where can this value have come from?
gate.py       Broker.check: allow, ask or deny one call; no model, no side effect
leaks.py      secrets and canaries in outgoing values, however encoded
approvals.py  a person's yes: for one call, once, for a while
prompt.py     how untrusted text is shown to a model
conversation.py  all of it over one conversation: what Agent and framework plug-ins hold
"""
