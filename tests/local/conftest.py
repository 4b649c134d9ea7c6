"""Fixtures of the shims' tests."""

from tests.embedded import embedded_aws

__all__ = ["embedded_aws"]
