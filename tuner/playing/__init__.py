"""Episodes to look at: who acts, in front of which camera, and what is made of the pictures."""
