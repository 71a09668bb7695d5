"""`python -m confer` is the `confer` command."""

from confer.cli import main

main()
