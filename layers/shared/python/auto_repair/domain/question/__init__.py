"""A question in plain words, understood without a model: which resource, what symptom, since when."""
