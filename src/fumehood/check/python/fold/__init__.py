"""Computing what Python itself would compute from constants, within a budget and without running any of the program."""
