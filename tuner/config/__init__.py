"""Study and space files, read into frozen specs and checked at the door."""
