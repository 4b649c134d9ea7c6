"""The one place where use cases meet adapters; what is made here is kept while the environment is warm.

One module for each Lambda function, named like its folder, so that a cold start loads what that function
runs and nothing else. What several of them share stands in `environment`, `parts`, `records` and
`surroundings`.
"""
