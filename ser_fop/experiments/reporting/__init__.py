"""Tables and pages out of run folders."""
