"""The embedded AWS: MiniStack with its differences to AWS closed by the shims of `local.shims`.

Only development and tests use this package; nothing that is deployed imports it.
"""
