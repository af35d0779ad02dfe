"""Run folders, JSON files, remote files, redirected output."""
