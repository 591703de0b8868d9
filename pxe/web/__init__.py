"""HTTP as a boot server speaks it: requests, connections with bounds, the files of a tree."""
