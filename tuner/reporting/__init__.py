"""What a study says, for people and for programs."""
