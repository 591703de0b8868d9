"""The tests mirror the folders; `common` has what several of them use."""
