"""How texts are cut into tokens: one file for each tokenizer model."""
