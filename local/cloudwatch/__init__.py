"""CloudWatch's semantics as documented by AWS: periods, statistics, metric math, alarms, filter patterns.

Pure functions over plain data; the shims connect them to the emulator's stores.
"""
