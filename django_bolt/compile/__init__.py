"""What runs when the server starts: routes become the plan, and what stands beside it."""
