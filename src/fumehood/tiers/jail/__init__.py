"""The jail: Linux namespaces, seccomp, Landlock and cgroups, without root, daemon or container engine.

broker (the caller)      service.py  cell.py
  └ launcher             launcher.py   waits for the caller's end, then leaves nothing behind
      └ warden           warden.py     alone may make namespaces and kill; pid 1 of its own pid namespace
          ├ usher        usher.py      makes the pid 1 of each sandbox, which only sleeps; all of it ends with that
          └ zygote       zygote.py     a frozen interpreter inside the read-only root of root.py
              └ pid 2    seal.py       gives up everything, step by step, and becomes the runner:
                         runner/       runs the code; everything it says is untrusted
"""
