import DiptychModels
import DiptychCheckpoints
import Foundation

/// The small towers of every family that Scripts/fixtures/clip.py and Scripts/fixtures/families.py make.
struct FamilyModel {
    static let names = [
        "quickgelu-legacy-end", "gelu-first-end", "families/openai-vit", "families/openai-resnet",
        "families/openclip-gelu", "families/openclip-custom-text", "families/chinese-vit", "families/chinese-flash",
        "families/chinese-resnet", "families/chinese-hugging-face", "families/siglip",
    ]

    let checkpoint: Checkpoint
    let configuration: CLIPConfiguration

    init(_ name: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("DiptychModelsTests/Fixtures/\(name)", isDirectory: true)
        checkpoint = try Checkpoint(at: folder)
        let (huggingFace, openCLIP) = (
            folder.appendingPathComponent("config.json"), folder.appendingPathComponent("open_clip_config.json")
        )
        if FileManager.default.fileExists(atPath: huggingFace.path) {
            configuration = try CLIPConfiguration(huggingFace: huggingFace)
        } else if FileManager.default.fileExists(atPath: openCLIP.path) {
            configuration = try CLIPConfiguration(openCLIP: openCLIP)
        } else {
            configuration = try CLIPConfiguration(
                inferredFrom: checkpoint, heads: Self.heads[folder.lastPathComponent])
        }
    }

    /// The heads of small towers of Chinese-CLIP, 64 wide as Scripts/fixtures/families.py makes them.
    private static let heads = [
        "chinese-vit": HeadCounts(image: 2, text: 2), "chinese-flash": HeadCounts(image: 1, text: 1),
        "chinese-resnet": HeadCounts(image: 4, text: 1),
    ]
}
