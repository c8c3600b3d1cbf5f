extension ModelRegistry {
    /// SigLIP and SigLIP 2 at base size, as Hugging Face directories. Parameters are counted in open_clip's models of the
    /// same names; licences are those of the models' cards.
    static let sigLIP: [PublicModel] = [
        base("google/siglip-base-patch16-224", "SigLIP base", (92_884_224, 110_271_746), 224),
        base(
            "google/siglip-base-patch16-256-multilingual", "SigLIP base, multilingual", (92_930_304, 277_695_746), 256),
        base("google/siglip2-base-patch16-224", "SigLIP 2 base", (92_884_224, 282_303_746), 224),
    ]

    private static func base(
        _ repository: String, _ summary: String, _ parameters: (image: Int, text: Int), _ resolution: Int
    ) -> PublicModel {
        PublicModel(
            repository, .sigLIP, summary, parameters: parameters, dimension: 768, resolution: resolution,
            contextLength: 64, licence: "Apache-2.0")
    }
}
