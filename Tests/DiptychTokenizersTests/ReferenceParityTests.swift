import DiptychTokenizers
import Foundation
import Testing

/// Ids equal those of the reference implementations, recorded by Scripts/fixtures/tokenizer.py.
struct ReferenceParityTests {
    @Test(arguments: ["dense", "json"])
    func `ids equal transformers' from either layout`(layout: String) throws {
        let tokenizer = try CLIPTokenizer.load(directory: Fixture.folder.appendingPathComponent(layout))
        let records = try Fixture.records("huggingface.ids.gz")
        #expect(records.count >= 5000)
        #expect(Fixture.check(tokenizer, records) == 0)
    }

    @Test
    func `a vocabulary without every byte, a named padding and normalised special tokens`() throws {
        let tokenizer = try CLIPTokenizer.load(directory: Fixture.folder.appendingPathComponent("sparse"))
        #expect(tokenizer.contextLength == 32)
        #expect(
            tokenizer.tokens(for: [tokenizer.startID, tokenizer.endID, tokenizer.padID]) == [
                "<|startoftext|>", "<|endoftext|>", "!",
            ])
        #expect(Fixture.check(tokenizer, try Fixture.records("sparse.ids.gz")) == 0)
    }

    @Test
    func `decoding equals transformers'`() throws {
        let tokenizer = try CLIPTokenizer.load(directory: Fixture.folder.appendingPathComponent("dense"))
        let cases = try JSONSerialization.jsonObject(with: Data(Fixture.bytes("decoded.json"))) as? [[Any]] ?? []
        #expect(cases.count == 300)
        for element in cases {
            let ids = (element[0] as? [NSNumber] ?? []).map(\.int32Value)
            let whole = tokenizer.decode(ids, skippingSpecialTokens: false)
            #expect(Array(whole.unicodeScalars) == Array((element[1] as? String ?? "").unicodeScalars))
            let text = tokenizer.decode(ids)
            #expect(Array(text.unicodeScalars) == Array((element[2] as? String ?? "").unicodeScalars))
        }
    }

    @Test
    func `ids equal the original's with its cleaning`() throws {
        let tokenizer = try CLIPTokenizer.load(directory: Fixture.folder.appendingPathComponent("original"))
        #expect(tokenizer.cleaning == .original)
        let records = try Fixture.records("original.ids.gz")
        #expect(records.count >= 5000)
        #expect(Fixture.check(tokenizer, records) == 0)
    }

    @Test
    func `mojibake is undone as in the original's cleaning`() throws {
        let tokenizer = try CLIPTokenizer.load(directory: Fixture.folder.appendingPathComponent("original"))
        let records = try Fixture.records("mojibake.ids.gz")
        #expect(records.count >= 3000)
        #expect(Fixture.check(tokenizer, records) == 0)
    }

    @Test(arguments: [
        ("whitespace", CLIPTokenizer.Cleaning.originalKeepingCase),
        ("whitespace_underscore", .originalWithoutUnderscores), ("canonicalize", .originalWithoutPunctuation),
    ])
    func `ids equal open_clip's with each of its cleanings`(name: String, cleaning: CLIPTokenizer.Cleaning) throws {
        let tokenizer = try CLIPTokenizer.load(
            directory: Fixture.folder.appendingPathComponent("original"), cleaning: cleaning)
        let records = try Fixture.records("\(name).ids.gz")
        #expect(records.count >= 1000)
        #expect(Fixture.check(tokenizer, records) == 0)
    }
}
