internal import DiptychBasics

/// Keys of a Hugging Face `config.json` that configuration classes of transformers 4 and 5 write into the files of CLIP,
/// Chinese-CLIP and SigLIP, beside those that say how a model is built.
enum HuggingFaceKeys {
    /// Keys that change no embedding, whatever they say.
    static let withoutEffect: Set<String> = [
        // Where the file comes from, and what reads it.
        "_name_or_path", "_commit_hash", "architectures", "auto_map", "finetuning_task", "model_type", "name_or_path",
        "tokenizer_class", "transformers_version", "transformers.js_config", "processor_class",
        // The number format of the weights, which their own file states, and how a program computes with them.
        "dtype", "torch_dtype", "torchscript", "use_bfloat16", "tf_legacy_loss", "_attn_implementation",
        "_attn_implementation_autoset", "_attn_implementation_internal", "attn_implementation",
        "chunk_size_feed_forward", "gradient_checkpointing", "use_cache",
        // What a program is given beside the embeddings.
        "output_attentions", "output_hidden_states", "output_scores", "return_dict", "return_dict_in_generate",
        "return_loss",
        // The start and the course of a training.
        "attention_dropout", "attention_probs_dropout_prob", "classifier_dropout", "dropout", "drop_path_rate",
        "hidden_dropout_prob", "initializer_factor", "initializer_range", "logit_scale_init_value",
        // A tower alone, with a head of its own for another task.
        "projection_dim", "id2label", "label2id", "num_labels", "problem_type", "task_specific_params",
        // Writing text.
        "bad_words_ids", "begin_suppress_tokens", "decoder_start_token_id", "diversity_penalty", "do_sample",
        "early_stopping", "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty", "forced_bos_token_id",
        "forced_eos_token_id", "length_penalty", "max_length", "min_length", "no_repeat_ngram_size", "num_beam_groups",
        "num_beams", "num_return_sequences", "prefix", "remove_invalid_values", "repetition_penalty", "suppress_tokens",
        "temperature", "top_k", "top_p", "typical_p",
        // Ids that the tokenizer states; the end of a CLIP's text, which its tower looks for, is read where it matters.
        "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id",
        // The pooler of a BERT, which stands unused, and weights that two layers might share, which the file repeats.
        "directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
        "pooler_size_per_head", "pooler_type", "tie_encoder_decoder", "tie_word_embeddings",
    ]

    /// Keys that are supported with one value, which is also what their absence means.
    static let neutral: [String: JSONValue] = [
        "add_cross_attention": false, "is_decoder": false, "is_encoder_decoder": false,
        "position_embedding_type": "absolute",
    ]
}
