"""How is a run shared, and compared with another? One file without a face, and tables side by side."""
