// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// Pays coin by calls inside a transaction, as smart wallets and exchanges do.
contract Payer {
    receive() external payable {}

    function pay(address to, uint256 value) public payable {
        (bool paid, ) = to.call{value: value}("");
        require(paid);
    }

    /// Two payments to the same receiver.
    function payTwice(address to, uint256 first, uint256 second) external payable {
        pay(to, first);
        pay(to, second);
    }

    /// Pays in a call that is taken back, then pays half of it.
    function payAndTakeBack(address to, uint256 value) external payable {
        try this.payAndFail(to, value) {} catch {}
        pay(to, value / 2);
    }

    function payAndFail(address to, uint256 value) external {
        pay(to, value);
        revert();
    }

    /// Pays from so many calls below the first.
    function payDeep(address to, uint256 value, uint256 depth) external payable {
        if (depth == 0) pay(to, value);
        else this.payDeep(to, value, depth - 1);
    }

    /// Asks a precompiled contract something with coin, then pays.
    function payAfterHash(address to, uint256 value) external payable {
        (bool asked, ) = address(2).call{value: 1}("");
        require(asked);
        pay(to, value);
    }

    /// Gives all it has without a call.
    function end(address payable to) external payable {
        selfdestruct(to);
    }
}
