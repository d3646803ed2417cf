"""What a trained network writes: new sequences, token by token or into gaps, and how new they are; the transcripts that
its probabilities say."""
