"""What is added to Django's ORM."""
