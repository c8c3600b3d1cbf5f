import DiptychMedia
import Foundation
import Testing

struct PreprocessingTests {
    @Test func equalsTheReference() throws {
        let configs = try #require(
            try JSONSerialization.jsonObject(with: Data(Fixture.bytes("Preprocessing/configs.json"))) as? [String: Any])
        let whole = try Fixture.bytes("Preprocessing/whole.bin").withUnsafeBytes { raw in
            (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        }
        let cases = try Fixture.table("Preprocessing/cases.tsv")
        #expect(cases.count > 100)
        for row in cases {
            let numbers = row.dropFirst().compactMap { Int($0) }
            try #require(numbers.count == 7)
            let json = try JSONSerialization.data(withJSONObject: try #require(configs[row[0]]))
            let preprocessing = try Preprocessing(huggingFace: [UInt8](json), source: row[0])
            let image = try Image.noise(seed: numbers[0], width: numbers[1], height: numbers[2])
            let size = preprocessing.outputSize(width: image.width, height: image.height)
            #expect(size == Preprocessing.Size(width: numbers[4], height: numbers[3]), "\(row)")
            let pixels = try preprocessing.pixels(of: image)
            if numbers[6] >= 0 {
                for (ours, theirs) in zip(pixels, whole[numbers[6]..<numbers[6] + pixels.count]) {
                    #expect(abs(ours - theirs) <= 1e-6)
                }
            }
            // Stronger than the tolerance: every bit of every float is equal.
            #expect(Int(checksum(pixels.withUnsafeBytes { Array($0) })) == numbers[5], "\(row)")
        }
    }

    /// Every kind of file by the steps of the original projects, which resample before they convert to RGB.
    @Test func equalsTheOriginalOrderOfSteps() throws {
        let cases = try Fixture.table("Preprocessing/original.tsv")
        #expect(cases.count > 100)
        for row in cases {
            let size = try #require(Int(row[2])), expected = try #require(Int(row[3]))
            let preprocessing = try Preprocessing(size: size, squash: row[1] == "1", convention: .torchvision)
            var options = preprocessing.readingOptions(ImageOptions())
            // Pillow turns TIFF images upright when it opens them, and no others.
            options.appliesOrientation = row[0].hasSuffix(".tif")
            let noise = row[0].split(separator: " ").compactMap { Int($0) }
            let image =
                noise.count == 3
                ? try Image.noise(seed: noise[0], width: noise[1], height: noise[2])
                : try Image.decode(Fixture.bytes("Pictures/\(row[0])"), label: row[0], options: options)
            let pixels = try preprocessing.pixels(of: image)
            #expect(Int(checksum(pixels.withUnsafeBytes { Array($0) })) == expected, "\(row)")
        }
    }

    @Test func explicitValuesEqualTheFile() throws {
        let fromFile = try Preprocessing(huggingFace: Array("{}".utf8), source: "preprocessor_config.json")
        #expect(try Preprocessing(size: 224) == fromFile)
        #expect(fromFile.fixedSize == Preprocessing.Size(width: 224, height: 224))
        let squashed = try Preprocessing(size: 30, squash: true, mean: .half, std: .half)
        #expect(squashed.resize == .squash(.init(width: 30, height: 30)) && squashed.crop == nil)
    }

    @Test func survivesCoding() throws {
        for preprocessing in [try Preprocessing(size: 224), try Preprocessing(size: 7, squash: true, filter: .lanczos)]
        {
            let coded = try JSONEncoder().encode(preprocessing)
            #expect(try JSONDecoder().decode(Preprocessing.self, from: coded) == preprocessing)
        }
    }

    @Test(arguments: [
        (#"{"image_processor_type": "ViTImageProcessor"}"#, "image_processor_type", "CLIPImageProcessor"),
        (#"{"feature_extractor_type": "OwlViTFeatureExtractor"}"#, "feature_extractor_type", "CLIPImageProcessor"),
        (#"{"size": {"longest_edge": 224}}"#, "size", "shortest_edge"),
        (#"{"size": {"shortest_edge": 224, "longest_edge": 500}}"#, "size", "shortest_edge"),
        (#"{"size": "large"}"#, "size", ""), (#"{"size": 0}"#, "size", "16384"), (#"{"size": -3}"#, "size", "16384"),
        (#"{"size": 99999999999}"#, "size", "16384"), (#"{"size": 1e300}"#, "size", ""),
        (#"{"crop_size": {"shortest_edge": 224}}"#, "crop_size", "height"),
        (#"{"crop_size": [1, 2, 3]}"#, "crop_size", "height"), (#"{"resample": 9}"#, "resample", "bicubic"),
        (#"{"resample": "sharp"}"#, "resample", "bicubic"), (#"{"image_mean": [1, 2]}"#, "image_mean", "three"),
        (#"{"image_std": [0.5, 0, 0.5]}"#, "image_std", "0"), (#"{"image_std": "x"}"#, "image_std", ""),
        (#"{"do_resize": "yes"}"#, "do_resize", ""), (#"{"do_pad": true}"#, "do_pad", "not supported"),
        ("[]", "", ""), ("", "", ""), ("{", "", ""), (#"{"size":"#, "", ""),
    ])
    func namesTheKeyThatIsWrong(json: String, key: String, mentioned: String) throws {
        let error = try #require(throws: PreprocessingError.self) {
            try Preprocessing(huggingFace: Array(json.utf8), source: "model/preprocessor_config.json")
        }
        #expect(error.key == key)
        #expect(error.description.hasPrefix("model/preprocessor_config.json: "))
        #expect(mentioned.isEmpty || error.reason.contains(mentioned), "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test func refusesABufferOfAnotherSize() throws {
        let preprocessing = try Preprocessing(size: 8)
        let image = try Image.noise(seed: 1, width: 9, height: 9)
        var pixels = [Float](repeating: 0, count: 3 * 8 * 8 - 1)
        #expect(throws: ImageError.self) {
            try pixels.withUnsafeMutableBufferPointer { try preprocessing.pixels(of: image, into: $0) }
        }
    }
}
