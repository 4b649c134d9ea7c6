"""Single requests as X-Ray traced them: what is written of each, where it failed, where its time went."""
