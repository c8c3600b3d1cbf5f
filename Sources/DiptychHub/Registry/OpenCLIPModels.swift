extension ModelRegistry {
    /// Popular models that were trained with open_clip. Repositories and tags are those of `open_clip/pretrained.py` in
    /// https://github.com/mlfoundations/open_clip; parameters are counted in its models; licences are those of the
    /// repositories' model cards.
    static let openCLIP: [PublicModel] = [
        trained("laion/CLIP-ViT-B-32-laion2B-s34B-b79K", .vitB32, "laion2b_s34b_b79k", "LAION-2B"),
        trained("laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K", .vitB32, "datacomp_xl_s13b_b90k", "DataComp-XL"),
        trained("laion/CLIP-ViT-B-16-laion2B-s34B-b88K", .vitB16, "laion2b_s34b_b88k", "LAION-2B"),
        trained("laion/CLIP-ViT-B-16-DataComp.XL-s13B-b90K", .vitB16, "datacomp_xl_s13b_b90k", "DataComp-XL"),
        trained("apple/DFN2B-CLIP-ViT-B-16", .vitB16, "dfn2b", "DFN-2B, QuickGELU", licence: apple),
        trained("laion/CLIP-ViT-L-14-laion2B-s32B-b82K", .vitL14, "laion2b_s32b_b82k", "LAION-2B"),
        trained("laion/CLIP-ViT-L-14-DataComp.XL-s13B-b90K", .vitL14, "datacomp_xl_s13b_b90k", "DataComp-XL"),
        trained("apple/DFN2B-CLIP-ViT-L-14", .vitL14, "dfn2b", "DFN-2B, QuickGELU", licence: apple),
        trained("apple/DFN2B-CLIP-ViT-L-14-39B", .vitL14, "dfn2b_s39b", "DFN-2B, 39 billion samples", licence: apple),
        trained("laion/CLIP-ViT-H-14-laion2B-s32B-b79K", .vitH14, "laion2b_s32b_b79k", "LAION-2B"),
        trained("apple/DFN5B-CLIP-ViT-H-14", .vitH14, "dfn5b", "DFN-5B, QuickGELU", licence: apple),
        trained("apple/DFN5B-CLIP-ViT-H-14-378", .vitH14At378, "dfn5b", "DFN-5B, QuickGELU", licence: apple),
        trained("laion/CLIP-ViT-g-14-laion2B-s34B-b88K", .vitg14, "laion2b_s34b_b88k", "LAION-2B"),
        trained("laion/CLIP-ViT-bigG-14-laion2B-39B-b160k", .vitBigG14, "laion2b_s39b_b160k", "LAION-2B"),
    ]

    private static let apple = "Apple's own (LICENSE in the repository)"

    private struct Architecture {
        let name: String
        let parameters: (image: Int, text: Int)
        let dimension: Int
        var resolution = 224

        static let vitB32 = Self(name: "ViT-B-32", parameters: (87_849_216, 63_428_097), dimension: 512)
        static let vitB16 = Self(name: "ViT-B-16", parameters: (86_192_640, 63_428_097), dimension: 512)
        static let vitL14 = Self(name: "ViT-L-14", parameters: (303_966_208, 123_650_305), dimension: 768)
        static let vitH14 = Self(name: "ViT-H-14", parameters: (632_076_800, 354_032_641), dimension: 1024)
        static let vitH14At378 = Self(
            name: "ViT-H-14-378", parameters: (632_682_240, 354_032_641), dimension: 1024, resolution: 378)
        static let vitg14 = Self(name: "ViT-g-14", parameters: (1_012_645_632, 354_032_641), dimension: 1024)
        static let vitBigG14 = Self(name: "ViT-bigG-14", parameters: (1_844_907_264, 694_659_841), dimension: 1280)
    }

    private static func trained(
        _ repository: String, _ architecture: Architecture, _ tag: String, _ data: String, licence: String = "MIT"
    ) -> PublicModel {
        PublicModel(
            repository, aliases: ["\(architecture.name)::\(tag)"], .openCLIP, "\(architecture.name) on \(data)",
            parameters: architecture.parameters, dimension: architecture.dimension,
            resolution: architecture.resolution, contextLength: 77, licence: licence)
    }
}
