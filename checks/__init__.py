"""What is asked of the machines, and the engines that answer: symbolic runs, search, proof, plain stepping."""
