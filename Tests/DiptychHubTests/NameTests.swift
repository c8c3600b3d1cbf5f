import DiptychHub
import Foundation
import Testing

struct NameTests {
    @Test(arguments: [
        ("ViT-B/32", "openai--ViT-B-32"), ("ViT-B-32", "openai--ViT-B-32"), ("vit-b/32", "openai--ViT-B-32"),
        ("openai/ViT-B-32", "openai--ViT-B-32"), ("ViT-L/14@336px", "openai--ViT-L-14-336px"),
        ("CN-CLIP/RN50", "CN-CLIP--RN50"), ("ViT-B-32::laion2b_s34b_b79k", "laion--CLIP-ViT-B-32-laion2B-s34B-b79K"),
        ("google/siglip2-base-patch16-224", "google--siglip2-base-patch16-224"),
        ("someone/some.model_1", "someone--some.model_1"), ("someone/m@v1.0", "someone--m@v1.0"),
        ("someone/m@main", "someone--m"),
        ("openai/clip-vit-base-patch32@refs/pr/3", "openai--clip-vit-base-patch32@refs--pr--3"),
    ])
    func `names lead to directories`(_ text: String, _ directory: String) throws {
        let name = try ModelName(text)
        #expect(name.directoryName == directory)
        #expect(try ModelName(name.description) == name)
    }

    @Test(arguments: [
        "", "/", "a", "a/", "/b", "a/b/c", "../b", "a/..", "a/.b", ".a/b", "a/b--c", "a b/c", "a/b\n", "a/b@",
        "a/b@../x",
        "a/b@-x", "a/b@x--y", "a/é", "ViT-B/99/x", "a/b\0", String(repeating: "a", count: 97) + "/b", "ViT-B/32@main",
    ])
    func `what cannot be a name is refused`(_ text: String) {
        let error = #expect(throws: HubError.self) { try ModelName(text) }
        #expect([.unknownModel, .badSetting].contains(error?.kind))
    }

    @Test func `one revision is enough`() {
        #expect(throws: HubError.self) { try ModelName("a/b@c", revision: "d") }
    }
}

struct RegistryTests {
    @Test func `names, aliases and directories belong to one model each`() {
        let models = ModelRegistry.models
        let names = models.flatMap { Set(([$0.name] + $0.aliases).map { $0.lowercased() }) }
        #expect(Set(names).count == names.count)
        #expect(Set(models.map { $0.directoryName.lowercased() }).count == models.count)
        for model in models {
            for name in [model.name] + model.aliases { #expect(ModelRegistry.model(named: name) == model) }
        }
    }

    @Test func `every file has a plain name, an https URL and a hash`() {
        for model in ModelRegistry.models {
            guard case .files(let files) = model.source else { continue }
            #expect(files.count == 2)
            for file in files {
                #expect(!file.name.contains("/"))
                guard case .url(let url, let sha256) = file.origin else { continue }
                #expect(url.hasPrefix("https://") && url.hasSuffix("/" + file.name))
                #expect(sha256.count == 64 && sha256.allSatisfy { $0.isHexDigit && !$0.isUppercase })
                // OpenAI's URLs name the hash themselves.
                #expect(!file.name.hasSuffix(".pt") || url.contains("/\(sha256)/"))
            }
        }
    }

    @Test func `the families are whole`() {
        let names = Set(ModelRegistry.models.map(\.name))
        let openAI = [
            "RN50", "RN101", "RN50x4", "RN50x16", "RN50x64", "ViT-B/32", "ViT-B/16", "ViT-L/14", "ViT-L/14@336px",
        ]
        let chinese = ["RN50", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "ViT-H-14"].map { "CN-CLIP/\($0)" }
        #expect(names.isSuperset(of: openAI + chinese))
        for family in PublicModel.Family.allCases { #expect(ModelRegistry.models.contains { $0.family == family }) }
        // Published: 151,277,313 parameters for ViT-B/32, 188,262,913 for Chinese-CLIP ViT-B-16.
        let small = ModelRegistry.model(named: "ViT-B/32").map { $0.imageParameters + $0.textParameters }
        #expect(small == 151_277_313)
        let chineseB = ModelRegistry.model(named: "CN-CLIP/ViT-B-16").map { $0.imageParameters + $0.textParameters }
        #expect(chineseB == 188_262_913)
    }
}
