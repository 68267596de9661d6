"""The jail: Linux namespaces, seccomp, Landlock and cgroups, without root, daemon or container engine.

broker (the caller)      service.py  cell.py
  └ launcher             launcher.py   waits for the caller's end, then leaves nothing behind
      └ warden           warden.py     alone may make namespaces and kill; pid 1 of its own pid namespace
          └ zygote       zygote.py     a frozen interpreter inside the read-only root of root.py
              └ pid 1    seal.py       gives up everything, step by step, then only reaps
                  └ pid 2  runner/     runs the code; everything it says is untrusted
"""
