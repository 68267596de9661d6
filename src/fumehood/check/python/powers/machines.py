"""Processes, signals, native code, the interpreter itself, and the ways out of it."""

from __future__ import annotations

TABLE = {
    ("process.spawn", "command 0 command|cmd|args|argv|program"): """
        os.system os.popen os.popen2 os.popen3 os.popen4 os.startfile
        os.execl os.execle os.execlp os.execlpe os.execv os.execve os.execvp os.execvpe os.posix_spawn os.posix_spawnp
        multiprocessing.set_executable multiprocessing.spawn.set_executable multiprocessing.get_context.set_executable
        multiprocessing.context.BaseContext.set_executable
        subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen
        subprocess.getoutput subprocess.getstatusoutput asyncio.create_subprocess_shell asyncio.create_subprocess_exec
        asyncio.subprocess.create_subprocess_shell asyncio.subprocess.create_subprocess_exec
        pty.spawn imaplib.IMAP4_stream distutils.spawn.spawn setuptools.distutils.spawn.spawn
        anyio.run_process anyio.open_process trio.run_process trio.lowlevel.open_process
        pexpect.spawn pexpect.run pexpect.runu pexpect.popen_spawn.PopenSpawn ptyprocess.PtyProcess.spawn
        delegator.run invoke.run fabric.Connection.local envoy.run psutil.Popen sarge.run easyprocess.EasyProcess
        numpy.distutils.exec_command.exec_command setuptools._distutils.spawn.spawn
        IPython.utils.process.system IPython.utils.process.getoutput gevent.subprocess.Popen
        gevent.os.fork eventlet.green.subprocess.Popen gevent.subprocess.run gevent.subprocess.check_output
    """,
    ("process.spawn", "command 1 args|file|executable"): """
        os.spawnl os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp os.spawnvpe
        pydoc.pipepager pydoc.tempfilepager multiprocessing.util.spawnv_passfds IPython.utils.process.system
    """,
    ("process.spawn", ""): """
        os.fork os.forkpty pty.fork pty.openpty os.openpty _posixsubprocess.* _winapi.*
        multiprocessing.popen_fork.* multiprocessing.popen_spawn_posix.* multiprocessing.popen_forkserver.*
        multiprocessing.forkserver.* multiprocessing.spawn._main multiprocessing.resource_tracker.ResourceTracker
        subprocess._fork_exec os._spawnvef os._execvpe os._wrap_close
        webbrowser.* ensurepip.* venv.*() virtualenv.*() pip.*() pip._internal.* idlelib.* distutils.command.*
        distutils.core.run_setup
        distutils.ccompiler.* distutils.cmd.* distutils.sysconfig.customize_compiler
        test.* turtledemo.* pydoc.pager() pydoc.browse antigravity.* uuid._get_command_stdout
        plumbum.local() plumbum.cmd.* sh.*() fabric.*() invoke.Context() docker.*() dockerpty.* git.*() pexpect.*()
        ptyprocess.*()
        setuptools.setup() distutils.core.setup() IPython.get_ipython.system pyautogui.*() PIL.ImageGrab.*() mss.*() pyscreenshot.*() pynput.*()
        invoke.Context.run invoke.Context.sudo numpy.f2py.*() numpy.distutils.*() conda.cli.*() nodejs.*()
        celery.*() ansible_runner.*() scapy.*() telnetlib.Telnet.interact cffi.FFI.verify mpi4py.MPI.COMM_SELF.Spawn
    """,
    ("process.signal", "text 0 pid|pgid"): """
        os.kill os.killpg signal.pidfd_send_signal os.pidfd_open os.setpriority psutil.Process() psutil.pid_exists()
    """,
    ("process.signal", ""): """
        psutil.Process.kill psutil.Process.terminate psutil.Process.suspend psutil.Process.send_signal
        psutil.Process.nice
        psutil.process_iter() psutil.pids() signal.pthread_kill os.abort
    """,
    ("code.native", "text 0 name|fullname"): """
        ctypes.CDLL ctypes.PyDLL ctypes.WinDLL ctypes.OleDLL ctypes.LibraryLoader.LoadLibrary ctypes.cdll.LoadLibrary
        ctypes.util.find_library
        numpy.ctypeslib.load_library cffi.FFI.dlopen torch.ops.load_library torch.classes.load_library
        tensorflow.load_op_library tensorflow.load_library sqlite3.Connection.load_extension
        torch.utils.cpp_extension.load torch.utils.cpp_extension.load_inline readline.parse_and_bind
        llvmlite.binding.load_library_permanently ROOT.gSystem.Load importlib.machinery.ExtensionFileLoader
        imp.load_dynamic
        _imp.create_dynamic imp.create_dynamic
    """,
    ("code.native", ""): """
        ctypes.cdll ctypes.pydll ctypes.windll ctypes.oledll ctypes.pythonapi ctypes.memmove ctypes.memset
        ctypes.string_at
        ctypes.wstring_at ctypes.cast ctypes.CFUNCTYPE ctypes.PYFUNCTYPE ctypes.dlopen ctypes.dlsym
        ctypes.call_function ctypes.call_cdeclfunction ctypes.PyObj_FromPtr ctypes.py_object
        ctypes._CFuncPtr
        cffi.*() sqlite3.Connection.enable_load_extension pyximport.install cython.inline Cython.inline()
        Cython.Build.*() cppyy.*() weave.*() numba.core.typing.ctypes_utils.* mmap.PROT_EXEC _testcapi.*
        _testinternalcapi.*
        _testbuffer.* _testclinic.* _xxsubinterpreters.* _interpreters.* _xxtestfuzz.* _ctypes_test.* keystone.*()
        unicorn.*()
        tkinter.Tcl tkinter.Tk.tk _tkinter.create r2pipe.*() pwn.*() rpy2.*() jpype.*() js2py.*() lupa.*() pythonnet.*()
        winreg.* _winreg.* win32api.* win32con.*() msvcrt.*() win32com.* wmi.*
    """,
    ("escape.introspection", ""): """
        gc.get_objects gc.get_referrers gc.get_referents inspect.getclosurevars inspect.getgeneratorlocals
        sys._current_frames sys._current_exceptions sys._getframemodulename types.CodeType() types.FunctionType()
        types.LambdaType()
        types.CellType ctypes.pythonapi.PyRun_SimpleString
        opcode.* bytecode.*() codetransformer.*() forbiddenfruit.* inspect.getinnerframes inspect.getouterframes()
    """,
    ("runner.tamper", ""): """
        sys.meta_path sys.meta_path.* sys.path_hooks sys.path_hooks.* sys.path_importer_cache
        sys.path_importer_cache.* sys.settrace sys.setprofile threading.settrace threading.setprofile
        threading.settrace_all_threads sys.addaudithook
        sys.audit() atexit._clear atexit._run_exitfuncs os._exit sys.set_asyncgen_hooks
        sys.set_coroutine_origin_tracking_depth
        sys._clear_type_cache sys.setdlopenflags sys.call_tracing sys._debugmallocstats sys.monitoring.*() gc.freeze()
        os.dup2 os.closerange os.sendfile os.splice os.setuid os.setgid os.seteuid os.setegid os.setreuid
        os.setregid os.setresuid os.setresgid os.initgroups os.setgroups os.chroot os.setns os.unshare os.setsid
        os.setpgid
        os.setpgrp os.tcsetpgrp os.memfd_create os.eventfd faulthandler._sigsegv faulthandler._read_null
        faulthandler._sigabrt faulthandler._sigfpe faulthandler._stack_overflow faulthandler._fatal_error_c_thread
        faulthandler.disable fcntl.ioctl fcntl.fcntl() termios.*() resource.setrlimit resource.prlimit
        os.sched_setaffinity
        os.sched_setscheduler os.nice() sitecustomize.*
        usercustomize.*
        prctl.*() seccomp.*() syslog.*() os.mknod os.posix_openpt os.ctermid() site.addsitedir site.main
        importlib.invalidate_caches()
    """,
    ("persistence", ""): """
        crontab.*() win32serviceutil.* daemon.DaemonContext daemonize.*() python_crontab.*()
    """,
    ("host.identity", ""): """
        os.getlogin os.getgroups os.uname os.getgrouplist os.getresuid os.getresgid os.getloadavg() getpass.getuser
        platform.node
        socket.gethostname() socket.getfqdn() psutil.users() psutil.net_connections() psutil.net_if_addrs()
        psutil.boot_time() uuid.getnode() psutil.net_io_counters() psutil.disk_partitions()
    """,
}
