"""Episodes for people to watch: played by a model or expert, recorded as a video or picture or shown live."""
