"""How cost grows with routes, connections and processes; for this project alone."""
