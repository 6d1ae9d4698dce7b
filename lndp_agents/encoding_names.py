"""The names of encodings, apart from what they do: the help of the command line need not wait for torch."""

ENCODINGS = {
    "auto": "what suits the space and what random actions show there",
    "scaled": "numbers to about unit range, by their bounds, or else by the spread under random actions",
    "standardized": "numbers by that spread, whatever their bounds",
    "place": "an input for each whole number within the bounds",
    "pixels": "pictures, for the policy hebbian",
}
"""What each does with a Box; choices are one-hot, or bits where there are many, in all but `pixels`."""
