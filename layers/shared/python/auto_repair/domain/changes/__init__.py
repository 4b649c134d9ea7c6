"""What CloudTrail's records of calls mean: who changed what of which resource, from what to what.

`reading` turns one record into changes, `history` adds what was there before. The kinds of changes that are
recognised stand in `kinds`, one file each.
"""
