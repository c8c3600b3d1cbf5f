/// Keys of `tokenizer_config.json` that transformers 4 and 5 write beside those that say how text is cut.
enum TokenizerKeys {
    private static let withoutEffect: Set = [
        // Where the file comes from, what reads it, and which files stood beside it.
        "_name_or_path", "name_or_path", "auto_map", "backend", "init_inputs", "is_local", "local_files_only",
        "processor_class", "special_tokens_map_file", "tokenizer_file", "transformers_version", "use_fast",
        "vocab_file",
        "merges_file", "slow_tokenizer_class", "added_tokens_file",
        // Turning ids into text, and conversations into text.
        "chat_template", "clean_up_tokenization_spaces", "errors",
        // What a call is given beside the ids, and how a batch is filled: texts end with the end token wherever filling starts.
        "model_input_names", "pad_to_multiple_of", "pad_token_type_id", "padding", "return_token_type_ids",
        "truncation", "truncation_strategy", "max_length", "stride",
        // Rules of slow tokenisers that the vocabulary decides, and of BERT's that only the slow one could switch off.
        "legacy", "never_split", "sp_model_kwargs", "use_default_system_prompt", "spaces_between_special_tokens",
        "token_type_ids_pattern", "token_type_ids_include_special_tokens",
    ]

    /// Keys that are supported with one value, which is also what their absence means.
    private static let neutral: [String: Bool] = ["do_basic_tokenize": true, "add_prefix_space": false]

    /// Whether a key leaves ids as they are: by its name, or because it says nothing.
    static func isWithoutEffect(_ key: String, _ value: JSONValue) -> Bool {
        if withoutEffect.contains(key) || value.isNull || value == .array([]) || value == .object([:]) { return true }
        if let expected = neutral[key] { return value.bool == expected }
        // Any other flag that is off.
        return value.bool == false
    }
}
