import DiptychLabels
import Testing

/// Lists of labels, new names, and labels found by how they begin.
struct LabelTaskTests {
    private func refusal(_ body: () throws(LabelError) -> Void) -> String {
        do { try body() } catch { return error.description }
        return ""
    }

    @Test("A list has a label a line; blank lines are passed over, and a second one of the same is named with its line")
    func lists() throws {
        #expect(try LabelTask.list("\u{FEFF}cat\r\n\n  a dog \n红色\n", path: "l.txt") == ["cat", "a dog", "红色"])
        #expect(
            refusal { () throws(LabelError) in _ = try LabelTask.list("cat\ndog\n\ncat\n", path: "l.txt") }
                == "l.txt, line 4: the label 'cat' stands on line 1 already; remove one")
        // é as one character and as two is the same label.
        #expect(
            refusal { () throws(LabelError) in _ = try LabelTask.list("caf\u{E9}\ncafe\u{301}", path: "l") }.contains(
                "line 2"))
        #expect(
            refusal { () throws(LabelError) in _ = try LabelTask.list(" \n\n", path: "l") }
                == "l: holds no label; write one a line")
        #expect(
            refusal { () throws(LabelError) in _ = try LabelTask.list("a\tb", path: "l") }.contains("control character")
        )
        #expect(
            refusal { () throws(LabelError) in _ = try LabelTask.checked(String(repeating: "x", count: 1001)) }
                .contains("1001 bytes"))
        #expect(try LabelTask.list("<b>x</b>", path: "l") == ["<b>x</b>"])
        let many = (1...10_000).map { "label \($0)" }
        #expect(try LabelTask(.single, labels: LabelTask.list(many.joined(separator: "\n"), path: "l")).labels == many)
        #expect(
            refusal { () throws(LabelError) in _ = try LabelTask(.single, labels: ["a", "a "]) }.contains("given twice")
        )
    }

    @Test("A label that is renamed keeps its place; one that takes another's name joins it")
    func renaming() throws {
        var task = try LabelTask(.single, labels: ["a", "b", "c"])
        try task.rename("b", to: "x")
        #expect(task.labels == ["a", "x", "c"] && task.current("b") == "x")
        try task.rename("x", to: "c")
        #expect(task.labels == ["a", "c"] && task.current("b") == "c" && task.current("x") == "c")
        try task.add("b")
        #expect(task.labels == ["a", "c", "b"] && task.current("b") == "b")
        #expect(refusal { () throws(LabelError) in try task.rename("nothing", to: "d") }.contains("there is no label"))
    }

    // Pinyin and initials as pypinyin gives them; ü is also typed as v.
    @Test(
        "Chinese labels are found by pinyin and initials, others by any word",
        arguments: [
            ("红色的汽车", ["hongse", "hsdqc", "红", "qiche", "HONG"], ["汽", "se d x"]),
            ("绿色的车", ["lv", "lu", "lsdc", "lvsedeche"], ["che1"]),
            ("red sports car", ["RED", "sport", "rsc", "car"], ["ar"]),
            ("Élan", ["elan", "él"], ["lan"]),
        ])
    func matching(label: String, found: [String], lost: [String]) {
        var memory = LabelMemory()
        memory.add(label)
        memory.add("zzz")
        for query in found { #expect(memory.matches(query, limit: 5).map(\.label) == [label], "\(query)") }
        for query in lost { #expect(memory.matches(query, limit: 5).isEmpty, "\(query)") }
    }

    @Test("What begins so comes first, then what was used most; without a query, what was used last")
    func ranking() {
        var memory = LabelMemory()
        for label in ["a car", "car", "cart", "a cat"] { memory.add(label) }
        memory.used("cart", at: 1)
        memory.used("cart", at: 2)
        memory.used("a car", at: 3)
        #expect(memory.matches("car", limit: 9).map(\.label) == ["cart", "car", "a car"])
        #expect(memory.matches("", limit: 2).map(\.label) == ["a car", "cart"])
        memory.unused("a car")
        #expect(memory.matches("a", limit: 9).first?.uses == 0)
    }
}
