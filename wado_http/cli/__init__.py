"""The command line of wado: one file a command; heavy libraries load inside the commands, so that ``--help`` is quick."""
