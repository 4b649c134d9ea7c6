"""One use case per state of the workflow. They know ports, never AWS."""
