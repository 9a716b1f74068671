"""What passes between core and a chip: registers, programs, results, their constants and checks."""
