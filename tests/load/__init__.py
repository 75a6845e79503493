"""A real server under load, while its files and disks change: every answer is told from every other."""
