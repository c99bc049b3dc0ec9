"""Parts of text generation that know no model: tokenizer, templates, sampling, stopping."""
