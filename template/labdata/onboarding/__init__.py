"""What a new project and a new member need."""
