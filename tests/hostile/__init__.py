"""Archives as hospitals have them: trees full of what a walk must survive, and the changes that are made to them meanwhile."""
