extension ModelRegistry {
    /// The nine original models: names, archives and their SHA-256 (the folder in each URL) are those of `clip/clip.py` in
    /// https://github.com/openai/CLIP; parameters are counted in open_clip's models of the same architecture.
    static let openAI: [PublicModel] = [
        original(
            "RN50", (38_316_896, 63_690_241), 1024, 224, 512,
            "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762"),
        original(
            "RN101", (56_259_936, 63_428_097), 512, 224, 512,
            "8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599"),
        original(
            "RN50x4", (87_137_080, 91_163_521), 640, 288, 640,
            "7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd"),
        original(
            "RN50x16", (167_328_912, 123_650_305), 768, 384, 768,
            "52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa"),
        original(
            "RN50x64", (420_380_352, 202_877_953), 1024, 448, 1024,
            "be1cfb55d75a9666199fb2206c106743da0f6468c9d327f3e0d0a543a9919d9c"),
        original(
            "ViT-B/32", (87_849_216, 63_428_097), 512, 224, 512,
            "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"),
        original(
            "ViT-B/16", (86_192_640, 63_428_097), 512, 224, 512,
            "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"),
        original(
            "ViT-L/14", (303_966_208, 123_650_305), 768, 224, 768,
            "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836"),
        original(
            "ViT-L/14@336px", (304_293_888, 123_650_305), 768, 336, 768,
            "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02"),
    ]

    private static let vocabularySize = 49_408

    private static func original(
        _ name: String, _ parameters: (image: Int, text: Int), _ dimension: Int, _ resolution: Int, _ textWidth: Int,
        _ sha256: String
    ) -> PublicModel {
        // The archives hold fp16, but for the table of tokens, which that project leaves in fp32.
        let bytes = 2 * (parameters.image + parameters.text) + 2 * vocabularySize * textWidth
        let stem = name.replacing("/", with: "-").replacing("@", with: "-")
        let url = "https://openaipublic.azureedge.net/clip/models/\(sha256)/\(stem).pt"
        let aliases = (stem == name ? [] : [stem]) + ["openai/\(stem)", "\(stem)::openai"]
        return PublicModel(
            name, aliases: aliases, .clip, "OpenAI CLIP \(name), the original archive", parameters: parameters,
            dimension: dimension, resolution: resolution, contextLength: 77, licence: "MIT (of the repository)",
            source: .files([ModelFile("\(stem).pt", .url(url, sha256: sha256)), .openAIVocabulary]),
            directoryName: "openai--\(stem)", estimatedBytes: bytes)
    }

    /// The same weights as Hugging Face directories.
    static let huggingFaceCLIP: [PublicModel] = [
        directory("openai/clip-vit-base-patch32", "ViT-B/32", (87_849_216, 63_428_097), 512, 224),
        directory("openai/clip-vit-base-patch16", "ViT-B/16", (86_192_640, 63_428_097), 512, 224),
        directory("openai/clip-vit-large-patch14", "ViT-L/14", (303_966_208, 123_650_305), 768, 224),
        directory("openai/clip-vit-large-patch14-336", "ViT-L/14@336px", (304_293_888, 123_650_305), 768, 336),
    ]

    private static func directory(
        _ repository: String, _ original: String, _ parameters: (image: Int, text: Int), _ dimension: Int,
        _ resolution: Int
    ) -> PublicModel {
        PublicModel(
            repository, .clip, "OpenAI CLIP \(original), a Hugging Face directory", parameters: parameters,
            dimension: dimension, resolution: resolution, contextLength: 77, licence: "MIT (of the repository)")
    }
}
