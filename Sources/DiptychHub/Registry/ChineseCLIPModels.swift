extension ModelRegistry {
    /// The five sizes as the project's own checkpoints, and the four that also exist as Hugging Face directories. Names
    /// and files are those of `cn_clip/clip/utils.py` in https://github.com/OFA-Sys/Chinese-CLIP; parameters are counted in
    /// its models.
    static let chineseCLIP: [PublicModel] = [
        original("RN50", "rn50", "rn50", (38_316_896, 38_672_641), 1024, 224),
        original("ViT-B-16", "vit-base-patch16", "vit-b-16", (86_192_640, 102_070_273), 512, 224),
        original("ViT-L-14", "vit-large-patch14", "vit-l-14", (303_966_208, 102_266_881), 768, 224),
        original("ViT-L-14-336", "vit-large-patch14-336px", "vit-l-14-336", (304_293_888, 102_266_881), 768, 336),
        original("ViT-H-14", "vit-huge-patch14", "vit-h-14", (632_076_800, 325_521_409), 1024, 224),
        directory("ViT-B-16", "vit-base-patch16", (86_192_640, 102_070_273), 512, 224),
        directory("ViT-L-14", "vit-large-patch14", (303_966_208, 102_266_881), 768, 224),
        directory("ViT-L-14-336", "vit-large-patch14-336px", (304_293_888, 102_266_881), 768, 336),
        directory("ViT-H-14", "vit-huge-patch14", (632_076_800, 325_521_409), 1024, 224),
    ]

    private static func original(
        _ name: String, _ repository: String, _ file: String, _ parameters: (image: Int, text: Int), _ dimension: Int,
        _ resolution: Int
    ) -> PublicModel {
        let checkpoint = "clip_cn_\(file).pt"
        return PublicModel(
            "CN-CLIP/\(name)", .chineseCLIP, "Chinese-CLIP \(name), the original checkpoint", parameters: parameters,
            dimension: dimension, resolution: resolution, contextLength: 52, licence: "MIT (of the repository)",
            source: .files([
                ModelFile(
                    checkpoint, .hub(repository: "OFA-Sys/chinese-clip-\(repository)", path: checkpoint)),
                .chineseVocabulary,
            ]))
    }

    private static func directory(
        _ name: String, _ repository: String, _ parameters: (image: Int, text: Int), _ dimension: Int, _ resolution: Int
    ) -> PublicModel {
        PublicModel(
            "OFA-Sys/chinese-clip-\(repository)", .chineseCLIP, "Chinese-CLIP \(name), a Hugging Face directory",
            parameters: parameters, dimension: dimension, resolution: resolution, contextLength: 52,
            licence: "MIT (of the repository)")
    }
}
