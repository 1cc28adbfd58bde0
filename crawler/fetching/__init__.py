"""Getting one response over the network: guarded, paced, bounded and complete, or failing by name."""
