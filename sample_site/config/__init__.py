"""Settings and addresses of the sample site."""
