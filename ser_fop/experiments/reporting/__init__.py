"""Tables, plots and report pages from run folders."""
