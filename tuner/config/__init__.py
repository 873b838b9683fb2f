"""Study and space files, read into frozen specs and checked as they are read."""
