"""What runs on a request. It never imports what runs at start."""
