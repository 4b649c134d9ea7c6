"""What the system reasons about: pure types and rules, standard library only."""
