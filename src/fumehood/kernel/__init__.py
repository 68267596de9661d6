"""The doors to the kernel: the only place that may use ctypes. One file per man page, no policy in any of them."""
